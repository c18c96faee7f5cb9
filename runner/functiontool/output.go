//go:build !js

package functiontool

// output gives what the function returned as the run loop takes it: as it is.
func output(value any) (any, error) { return value, nil }
