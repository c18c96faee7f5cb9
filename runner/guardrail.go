package runner

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
)

// GuardrailOutput is a guardrail's verdict.
type GuardrailOutput struct {
	// Tripped ends the run.
	Tripped bool
	// Info is kept in the result, as JSON.
	Info any
}

// InputGuardrail looks at what a run was started with. A resumed run asks it
// again where it has not passed, and about input that was added meanwhile.
type InputGuardrail struct {
	Name string
	// Blocking runs the guardrail before the model is asked. By default it
	// runs beside the first turn, and a tripped one stops what has not started.
	// No run pauses or ends before it has spoken.
	Blocking bool
	// Run looks at the input, what a session remembers included. Guardrails
	// run at the same time. An error ends the run.
	Run func(ctx context.Context, run *RunContext, agent *Agent, input []json.RawMessage) (GuardrailOutput, error)
}

// OutputGuardrail looks at a run's final output before the run ends with it.
type OutputGuardrail struct {
	Name string
	// Run looks at the output. Guardrails run at the same time. An error ends
	// the run.
	Run func(ctx context.Context, run *RunContext, agent *Agent, output any) (GuardrailOutput, error)
}

// GuardrailResult is what a guardrail said.
type GuardrailResult struct {
	Guardrail string
	Output    GuardrailOutput
	// Agent and AgentOutput are set for an output guardrail.
	Agent       *Agent
	AgentOutput any
}

// InputGuardrailTripwireTriggered says that an input guardrail ended the run.
type InputGuardrailTripwireTriggered struct{ Result GuardrailResult }

func (e *InputGuardrailTripwireTriggered) Error() string {
	return "Guardrail InputGuardrail triggered tripwire"
}

// Name implements [Error].
func (e *InputGuardrailTripwireTriggered) Name() string { return "InputGuardrailTripwireTriggered" }

// OutputGuardrailTripwireTriggered says that an output guardrail withheld the
// final output.
type OutputGuardrailTripwireTriggered struct{ Result GuardrailResult }

func (e *OutputGuardrailTripwireTriggered) Error() string {
	return "Guardrail OutputGuardrail triggered tripwire"
}

// Name implements [Error].
func (e *OutputGuardrailTripwireTriggered) Name() string { return "OutputGuardrailTripwireTriggered" }

// inputGuardrails runs those of an agent and of the run.
type inputGuardrails struct {
	mu      sync.Mutex
	results []*GuardrailResult // in the order of the guardrails, nil of those that have not spoken
	settled int                // so many of them are of guardrails that all have returned
	failure error
	done    chan struct{} // closed when the parallel ones are through
	decided chan struct{} // closed with the first verdict that ends the run
}

// run runs guardrails at once and waits for them.
func (g *inputGuardrails) run(ctx context.Context, l *runLoop, agent *Agent, guardrails []InputGuardrail, input []json.RawMessage) error {
	runCtx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	g.mu.Lock()
	first := len(g.results)
	g.results = append(g.results, make([]*GuardrailResult, len(guardrails))...)
	g.mu.Unlock()
	var running sync.WaitGroup
	for i, guardrail := range guardrails {
		running.Go(func() {
			err := error(errExited)
			defer func() {
				if err != nil && context.Cause(runCtx) != errGuardrailDecided {
					g.fail(err)
					cancel(errGuardrailDecided)
				}
			}()
			var output GuardrailOutput
			output, err = l.guard(runCtx, guardrail.Name, func(ctx context.Context) (GuardrailOutput, error) {
				return guardrail.Run(ctx, l.context, agent, input)
			})
			if err != nil {
				return
			}
			result := GuardrailResult{Guardrail: guardrail.Name, Output: output}
			g.mu.Lock()
			g.results[first+i] = &result
			g.mu.Unlock()
			if output.Tripped {
				g.fail(&InputGuardrailTripwireTriggered{result})
				cancel(errGuardrailDecided)
			}
		})
	}
	running.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.settled = len(g.results)
	return g.failure
}

// errGuardrailDecided is the cause that the context of guardrails ends with
// when another one has ended the run.
var errGuardrailDecided = errors.New("another guardrail has ended the run")

// fail keeps the first verdict that ends the run.
func (g *inputGuardrails) fail(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.failure != nil {
		return
	}
	g.failure = err
	if g.decided != nil {
		close(g.decided)
	}
}

// known gives the verdict that ends the run, if it is known by now.
func (g *inputGuardrails) known() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.failure
}

// wait waits for the parallel guardrails, or for a verdict that ends the run. A run
// that is stopped before they have spoken is not to go on as if they had.
func (g *inputGuardrails) wait(ctx context.Context) error {
	if g.done != nil {
		select {
		case <-g.done:
		case <-g.decided:
		case <-ctx.Done():
			if err := g.known(); err != nil || g.passed() {
				return err
			}
			return context.Cause(ctx)
		}
	}
	return g.known()
}

// passed says whether all have spoken, and none against the input.
func (g *inputGuardrails) passed() bool {
	select {
	case <-g.done:
		return g.known() == nil
	default:
		return false
	}
}

// taken gives what the guardrails have said, up to the first that tripped. The
// turn may end with that one's verdict before the others have returned; else those
// count that have all spoken, for a document tells them apart by name alone.
func (g *inputGuardrails) taken() (results []GuardrailResult) {
	g.mu.Lock()
	defer g.mu.Unlock()
	spoken := g.results[:g.settled]
	if g.failure != nil {
		spoken = g.results
	}
	for _, result := range spoken {
		if result == nil {
			continue
		}
		results = append(results, *result)
		if result.Output.Tripped {
			break
		}
	}
	return results
}

// mustGuard says whether the input guardrails have not passed the run's input. A
// document says which have spoken; once an agent has handed off, all had.
func (l *runLoop) mustGuard() bool {
	s := l.s
	if s.unguarded || !s.parsed {
		return s.unguarded
	}
	if s.hasHandedOff() {
		return false
	}
	if len(s.pending) == 0 && slices.ContainsFunc(s.inputGuardrails, func(r GuardrailResult) bool { return r.Output.Tripped }) {
		return true
	}
	guardrails := s.agent.InputGuardrails
	if len(s.responses) == 0 { // the run's own may be new to one that went on
		guardrails = l.allInputGuardrails()
	}
	spoken := map[string]int{}
	for _, result := range s.inputGuardrails {
		spoken[result.Guardrail]++
	}
	return s.saysGuarded && slices.ContainsFunc(guardrails, func(g InputGuardrail) bool {
		spoken[g.Name]--
		return spoken[g.Name] < 0
	})
}

// hasHandedOff says whether an agent has handed off to another one in this run.
// A handoff's filter may have left no item of it, but the answers have the call;
// of a run that is back with its first agent it is then not known.
func (s *State) hasHandedOff() bool {
	if slices.ContainsFunc(s.items, func(item *RunItem) bool { return item.Type == HandoffOutputItem }) {
		return true
	}
	if s.agent == s.graph.agents[0] {
		return false
	}
	led := map[string]bool{}
	for _, agent := range s.graph.agents {
		for _, target := range agent.Handoffs {
			if h := handoffOf(target); h != nil && h.Agent == s.agent {
				led[h.Name()] = true
			}
		}
	}
	return slices.ContainsFunc(s.responses, func(r *ModelResponse) bool {
		return slices.ContainsFunc(r.Output, func(raw json.RawMessage) bool { return led[s.graph.head(raw).Name] })
	})
}

// startGuardrails runs the input guardrails of a run whose input they have not
// passed yet: the blocking ones now, the others beside the turn. One that trips
// ends the turn's context.
func (l *runLoop) startGuardrails(ctx context.Context, stop context.CancelCauseFunc) error {
	agent := l.s.agent
	l.s.unguarded, l.s.inputGuardrails = true, nil
	var blocking, parallel []InputGuardrail
	for _, guardrail := range l.allInputGuardrails() {
		if guardrail.Blocking {
			blocking = append(blocking, guardrail)
		} else {
			parallel = append(parallel, guardrail)
		}
	}
	input := l.s.original.asItems()
	if err := l.guardrails.run(ctx, l, agent, blocking, input); err != nil {
		return err
	}
	l.guardrails.done, l.guardrails.decided = make(chan struct{}), make(chan struct{})
	if len(parallel) == 0 {
		close(l.guardrails.done)
		return nil
	}
	go func() {
		defer close(l.guardrails.done)
		if err := l.guardrails.run(ctx, l, agent, parallel, input); err != nil {
			stop(err)
		}
	}()
	return nil
}

// allInputGuardrails gives the current agent's input guardrails and the run's.
func (l *runLoop) allInputGuardrails() []InputGuardrail {
	return slices.Concat(l.s.agent.InputGuardrails, l.cfg.inputGuardrails)
}

// guardsOutput says whether output guardrails are to see the current agent's
// final output.
func (l *runLoop) guardsOutput() bool {
	return len(l.s.agent.OutputGuardrails)+len(l.cfg.outputGuardrails) > 0
}

// guardOutput runs the output guardrails on a final output.
func (l *runLoop) guardOutput(ctx context.Context, output any) error {
	agent := l.s.agent
	guardrails := slices.Concat(agent.OutputGuardrails, l.cfg.outputGuardrails)
	results := make([]GuardrailResult, len(guardrails))
	failures := make([]error, len(guardrails))
	var running sync.WaitGroup
	for i, guardrail := range guardrails {
		running.Go(func() {
			failures[i] = errExited
			verdict, err := l.guard(ctx, guardrail.Name, func(ctx context.Context) (GuardrailOutput, error) {
				return guardrail.Run(ctx, l.context, agent, output)
			})
			results[i] = GuardrailResult{Guardrail: guardrail.Name, Output: verdict, Agent: agent, AgentOutput: output}
			failures[i] = err
		})
	}
	running.Wait()
	for i, result := range results {
		if failures[i] != nil {
			return failures[i]
		}
		l.s.outputGuardrails = append(l.s.outputGuardrails, result)
		if result.Output.Tripped {
			return &OutputGuardrailTripwireTriggered{result}
		}
	}
	return nil
}

// guard runs one guardrail in its span; a panic is its error.
func (l *runLoop) guard(ctx context.Context, name string, run func(context.Context) (GuardrailOutput, error)) (output GuardrailOutput, err error) {
	err = l.inSpan(ctx, SpanGuardrail, name, func(ctx context.Context) (err error) {
		output, err = run(ctx)
		return err
	})
	return output, err
}
