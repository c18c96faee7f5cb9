// Command sizes tells what each Go package adds to a WebAssembly file: the code
// of its functions, by the names that `go build` leaves in a file that is not
// stripped. Of one without names it tells the sections. It prints JSON.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: sizes file.wasm")
	}
	file, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	found, err := measure(file)
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		log.Fatal(err)
	}
}

type report struct {
	// Sections are the file's parts, in bytes.
	Sections map[string]int `json:"sections"`
	// Packages are the bytes of code of each Go package; "/" is "_" there. There
	// are none where functions have no names.
	Packages map[string]int `json:"packages"`
}

// Numbers in WebAssembly's binary format.
const (
	customSection = 0
	importSection = 2
	codeSection   = 10
	dataSection   = 11
	functionNames = 1 // the part of the name section that names functions
)

func measure(file []byte) (report, error) {
	found := report{Sections: map[string]int{}, Packages: map[string]int{}}
	var bodies []int // bytes of each function's code
	var names map[int]string
	imported := 0
	r := &reader{bytes: file}
	r.take(8) // magic number and version
	for len(r.bytes) > 0 && !r.broken {
		id := int(r.take(1)[0])
		section := &reader{bytes: r.take(r.number())}
		size := len(section.bytes)
		switch id {
		case customSection:
			if name := section.text(); name == "name" {
				found.Sections["names, not in what is delivered"] += size
				names = functionsOf(section)
				continue
			}
		case importSection:
			imported = section.number() // Go imports functions only
		case codeSection:
			found.Sections["code"] += size
			for range section.number() {
				length := section.number()
				section.take(length)
				bodies = append(bodies, length)
			}
			continue
		case dataSection:
			found.Sections["data"] += size
			continue
		}
		found.Sections["other"] += size
	}
	if r.broken || bodies == nil {
		return found, fmt.Errorf("no WebAssembly file with functions")
	}
	if names == nil {
		return found, nil
	}
	for i, size := range bodies {
		found.Packages[packageOf(names[imported+i])] += size
	}
	return found, nil
}

func functionsOf(section *reader) map[int]string {
	names := map[int]string{}
	for len(section.bytes) > 0 && !section.broken {
		kind := section.take(1)[0]
		part := &reader{bytes: section.take(section.number())}
		if kind != functionNames {
			continue
		}
		for range part.number() {
			index := part.number()
			names[index] = part.text()
		}
	}
	return names
}

// packageOf takes the package's path from a name such as
// "runstream_runner.__eventQueue_.push": the linker has replaced the slashes.
func packageOf(name string) string {
	pkg, _, found := strings.Cut(name, ".")
	if !found || strings.HasPrefix(pkg, "go_") || strings.HasPrefix(pkg, "type_") {
		return "(the compiler's own)"
	}
	return pkg
}

// reader reads WebAssembly's binary format. What is cut short makes it broken.
type reader struct {
	bytes  []byte
	broken bool
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.bytes) {
		r.broken, r.bytes = true, nil
		return make([]byte, max(1, min(n, 8)))
	}
	taken := r.bytes[:n]
	r.bytes = r.bytes[n:]
	return taken
}

// number reads an unsigned LEB128.
func (r *reader) number() int {
	value, shift := 0, 0
	for !r.broken && shift < 35 {
		b := r.take(1)[0]
		value |= int(b&0x7f) << shift
		if b < 0x80 {
			break
		}
		shift += 7
	}
	return value
}

func (r *reader) text() string {
	return string(r.take(r.number()))
}
