package responses

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestDatesOfHTTP(t *testing.T) {
	for _, text := range []string{
		"Wed, 21 Oct 2015 07:28:00 GMT", "Tue, 29 Feb 2000 23:59:59 GMT", "Fri, 31 Dec 1999 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT",
	} {
		want, err := time.Parse(http.TimeFormat, text)
		assert.NoError(t, err)
		got, ok := httpDate(text)
		assert.True(t, ok, text)
		assert.True(t, want.Equal(got), text)
	}
	for _, text := range []string{
		"", "soon", "2015-10-21T07:28:00Z", "Wed, 21 Oct 2015 07:28:00 CET", "Wed, 21 anF 2015 07:28:00 GMT", "Wed, 21 Xyz 2015 07:28:00 GMT",
		"Wed, -1 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07-28-00 GMT", "Wed, 21 Oct 2015 07:28:0x GMT", "Wednesday, 21-Oct-15 07:28:00 GMT",
	} {
		_, ok := httpDate(text)
		assert.False(t, ok, text)
	}
}
