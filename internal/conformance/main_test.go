package conformance

import (
	"testing"

	"runstream/internal/leaks"
)

func TestMain(m *testing.M) { leaks.Main(m) }
