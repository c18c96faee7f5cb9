package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"runstream/runner"
)

// pausedRun keeps a run in a file while it waits; without a path it keeps
// nothing. The file says what was approved: nobody else may write to it.
type pausedRun struct{ path string }

// load gives the run that waits, nil where there is none.
func (p pausedRun) load(agent *runner.Agent) (*runner.State, error) {
	if p.path == "" {
		return nil, nil
	}
	document, err := os.ReadFile(p.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	state, err := runner.ParseState(document, agent)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be resumed (%w); remove the file to start anew", p.path, err)
	}
	return state, nil
}

// save replaces the file as a whole: a program that is killed meanwhile leaves
// the old one or the new one.
func (p pausedRun) save(state *runner.State) error {
	if p.path == "" {
		return nil
	}
	document, err := json.Marshal(state)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(p.path), ".paused-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // fails once it is renamed
	_, err = file.Write(document)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), p.path)
}

func (p pausedRun) remove() error {
	if p.path == "" {
		return nil
	}
	return os.Remove(p.path)
}

// advice is what to tell somebody who leaves without deciding.
func (p pausedRun) advice() string {
	if p.path == "" {
		return "\nThe question is gone. With -state FILE it would wait for you."
	}
	return fmt.Sprintf("\nThe question waits in %s: start with -state %[1]s again.", p.path)
}
