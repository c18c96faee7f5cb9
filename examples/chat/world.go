package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// workspace pretends to hold files. Tools that run at once share it.
type workspace struct {
	mu    sync.Mutex
	names []string
}

// One name disguises itself: it reads as a PDF where direction marks work.
func newWorkspace() *workspace {
	return &workspace{names: []string{"build.log", "debug.log", "notes.md", "holiday.jpg", "invoice\u202efdp.exe"}}
}

func (w *workspace) list() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.names)
}

type deletion struct {
	Deleted string `json:"deleted"`
}

func (w *workspace) delete(name string) (deletion, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	at := slices.Index(w.names, name)
	if at < 0 {
		return deletion{}, fmt.Errorf("there is no file %q", name)
	}
	w.names = slices.Delete(w.names, at, at+1)
	return deletion{name}, nil
}

type weather struct {
	City        string `json:"city"`
	Sky         string `json:"sky"`
	Temperature int    `json:"temperature_c"`
}

// measure pretends to: a city's weather follows from its name.
func measure(city string) (weather, error) {
	if strings.EqualFold(city, "Atlantis") {
		return weather{}, fmt.Errorf("the station in %s does not answer", city)
	}
	seed := 7
	for _, character := range strings.ToLower(city) {
		seed = (seed*31 + int(character)) % 9973
	}
	skies := []string{"bright sun", "light rain", "low clouds", "some sun", "heavy rain", "fog"}
	return weather{City: city, Sky: skies[seed%len(skies)], Temperature: 4 + seed%25}, nil
}
