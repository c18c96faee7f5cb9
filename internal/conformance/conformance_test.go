package conformance

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestCases runs every recorded case, and each again with paused runs resumed
// from the documents that the Python SDK wrote.
func TestCases(t *testing.T) {
	cases, err := Load("testdata/cases")
	require.NoError(t, err)
	for _, c := range cases {
		for name, foreign := range map[string]bool{"": false, " resumed from Python's state": true} {
			t.Run(c.Name+name, func(t *testing.T) {
				t.Parallel()
				got, err := Run(t.Context(), c, foreign)
				require.NoError(t, err)
				require.Len(t, got, len(c.Runs))
				for i := range got {
					difference, err := c.Compare(i, got[i], false)
					require.NoError(t, err)
					assert.Empty(t, difference)
				}
				assert.Empty(t, c.CompareRaw(got, false))
			})
		}
	}
}
