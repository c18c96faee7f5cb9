package codec

// Structs is a list of structs: it gives the fields of element i. For i below
// zero it makes the list one of n elements, of which -1 are null (resize), or
// says how many there are (count). It is a function and not a generic type with
// methods, which take 4 kB more for each type of struct.
type Structs func(i, n int) (fields Fields, count int)

const (
	count  = -1
	resize = -2
)

// List is a list of structs as a value of [Fields]; fields gives those of one.
//
//go:noinline
func List[T any](list *[]T, fields func(*T) Fields) Structs {
	return func(i, n int) (Fields, int) {
		switch {
		case i >= 0:
			return fields(&(*list)[i]), 0
		case i == resize:
			var fresh []T
			if n >= 0 {
				fresh = make([]T, n)
			}
			*list = fresh
			return nil, n
		case *list == nil:
			return nil, -1
		}
		return nil, len(*list)
	}
}

// Struct is a struct that may be null: a list of one, or null.
type Struct Structs

// Maybe is a struct that may be null, as a value of [Fields].
//
//go:noinline
func Maybe[T any](pointer **T, fields func(*T) Fields) Struct {
	return func(i, n int) (Fields, int) {
		switch {
		case i >= 0:
			return fields(*pointer), 0
		case i == resize:
			var fresh *T
			if n >= 0 {
				fresh = new(T)
			}
			*pointer = fresh
			return nil, n
		case *pointer == nil:
			return nil, -1
		}
		return nil, 1
	}
}
