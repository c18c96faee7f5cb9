// Package codec reads and writes JSON for the engine. encoding/json would do,
// but a page would have to load 0.75 MB more (0.13 MB compressed) for its
// reflection, and use more time for each event of a stream.
//
// What encoding/json reads from struct tags is said by [Fields]: names and
// places, for reading and for writing.
//
//	func (p *place) fields() codec.Fields {
//		return codec.Fields{"city", &p.City, "zip,omitempty", &p.Zip}
//	}
//
//	err := codec.Read(data, p.fields())
//	data, err := codec.Write(p.fields())
//
// A value is a text, a number, a boolean, raw JSON, a list or map of these,
// further Fields, structs that say theirs ([List], [Maybe]), or a type that
// reads or writes itself ([Reader], [Writable]). The rules are those of
// encoding/json, except that names must match exactly, that what is of another
// type is left empty, that raw JSON keeps its white space, and that HTML is not
// escaped.
//
// The functions are few and not generic, where that is possible: the compiler
// makes a copy for every type, and 300 kB of them were measured here.
package codec
