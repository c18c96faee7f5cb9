package codec

// largestShape bounds what a text may have for others to be compared with it, in
// bytes: deltas have far less, and what is learnt is several times as large.
const largestShape = 16 << 10

// Shapes learns from texts that come one after the other, most of which have the
// shape of the one before. The zero value has learnt nothing.
type Shapes struct {
	shape  *Shape
	learnt int // how many so far
	missed int // texts since the last one that was learnt
}

// Fits is [Shape.Fits] of the shape that was learnt last.
func (s *Shapes) Fits(data []byte, like *Likeness) bool { return s.shape.Fits(data, like) }

// Learn takes a text that is JSON and did not fit, and says whether it is learnt as
// [NewShape] has it. Each time it takes one text more until it is, so that texts
// which have nothing in common cost little.
func (s *Shapes) Learn(data []byte, name string) bool {
	if s.missed++; s.missed <= s.learnt || len(data) > largestShape {
		return false
	}
	s.shape = NewShape(data, name)
	s.learnt, s.missed = s.learnt+1, 0
	return true
}
