package main

import (
	"bytes"
	"net"
	"sync"
	"time"
)

// link is a slow line that all its connections share. The browser's own
// throttling is not used: it counts each worker as a line of its own.
type link struct {
	net.Listener
	perByte time.Duration
	latency time.Duration

	mu   sync.Mutex
	free time.Time // when the line has sent all that it was given
}

func shape(l net.Listener, bitsPerSecond int, latency time.Duration) net.Listener {
	return &link{Listener: l, perByte: 8 * time.Second / time.Duration(bitsPerSecond), latency: latency}
}

// Accept implements [net.Listener].
func (l *link) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &slowConn{Conn: conn, link: l, queue: make(chan packet, 64), opened: time.Now().Add(l.latency)}
	go c.send()
	return c, nil
}

// due says when the last of so many bytes has come to the other end.
func (l *link) due(size int) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); l.free.Before(now) {
		l.free = now
	}
	l.free = l.free.Add(time.Duration(size) * l.perByte)
	return l.free.Add(l.latency / 2)
}

// slowConn delays what it sends by the line's rate and half its latency, what
// it receives by the other half, and its first byte by a handshake.
type slowConn struct {
	net.Conn
	link   *link
	queue  chan packet
	opened time.Time

	mu     sync.Mutex
	closed bool
}

type packet struct {
	bytes []byte
	due   time.Time
}

const packetSize = 1460 // what one Ethernet frame carries over TCP

func (c *slowConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	time.Sleep(max(c.link.latency/2, time.Until(c.opened)))
	return n, err
}

func (c *slowConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return 0, net.ErrClosed
	}
	for rest := p; len(rest) > 0; {
		size := min(len(rest), packetSize)
		c.queue <- packet{bytes.Clone(rest[:size]), c.link.due(size)}
		rest = rest[size:]
	}
	return len(p), nil
}

// Close implements [net.Conn]; what was written is still sent.
func (c *slowConn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.closed = true
		close(c.queue)
	}
	return nil
}

func (c *slowConn) send() {
	defer c.Conn.Close()
	for packet := range c.queue {
		time.Sleep(time.Until(packet.due))
		if _, err := c.Conn.Write(packet.bytes); err != nil {
			for range c.queue { // the other end is gone
			}
			return
		}
	}
}
