// Package docs_test holds the guides to the code.
package docs_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// packages are those that the guide's code may use.
var packages = []string{
	"context", "encoding/json", "errors", "fmt", "os", "strings", "testing", "time",
	"github.com/openai/openai-go/v3", "github.com/openai/openai-go/v3/option",
	"runstream/runner", "runstream/runner/filesession", "runstream/runner/functiontool",
	"runstream/runner/openaimodel", "runstream/runner/runnertest", "runstream/runner/signedstate",
}

// Statements stand in a function where what earlier sections made is at hand.
const aroundStatements = `
func example(ctx context.Context, agent *runner.Agent, model runner.Model, result *runner.StreamResult) error {
	if true {
%s
	}
	return nil
}
`

var (
	goBlock  = regexp.MustCompile("(?s)```go\n(.*?)```")
	function = regexp.MustCompile(`(?m)^func `)
)

// Each block becomes a package of a module that uses this one as the guide says.
func TestTheGuidesCodeCompiles(t *testing.T) {
	blocks := goBlock.FindAllStringSubmatch(guide(t), -1)
	require.NotEmpty(t, blocks)
	folder := t.TempDir()
	writeModule(t, folder)
	for i, block := range blocks {
		name := fmt.Sprintf("block%d", i+1)
		require.NoError(t, os.Mkdir(filepath.Join(folder, name), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(folder, name, "block.go"), []byte(program(block[1])), 0o600))
	}
	vet := exec.CommandContext(t.Context(), "go", "vet", "./...")
	vet.Dir = folder
	vet.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	report, err := vet.CombinedOutput()
	require.NoError(t, err, "%s", report)
}

func writeModule(t *testing.T, folder string) {
	t.Helper()
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	module, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	versions := string(module)[strings.Index(string(module), "require ("):]
	text := fmt.Sprintf("module example\n\ngo 1.26.0\n\nrequire runstream v0.0.0\n\nreplace runstream => %s\n\n%s", root, versions)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "go.mod"), []byte(text), 0o600))
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "go.sum"), sums, 0o600))
}

func program(block string) string {
	code := block
	if !function.MatchString(block) {
		code = fmt.Sprintf(aroundStatements, block)
	}
	var imports strings.Builder
	for _, path := range packages {
		name := strings.TrimSuffix(path, "/v3")
		name = strings.TrimSuffix(name[strings.LastIndex(name, "/")+1:], "-go")
		if regexp.MustCompile(`\b` + name + `\.[A-Z]`).MatchString(code) {
			fmt.Fprintf(&imports, "\t%q\n", path)
		}
	}
	return "package example\n\nimport (\n" + imports.String() + ")\n" + code
}

func TestWhatTheGuideNamesExists(t *testing.T) {
	exported := map[string]bool{}
	sources, err := filepath.Glob("../runner/*.go")
	require.NoError(t, err)
	for _, source := range sources {
		file, err := parser.ParseFile(token.NewFileSet(), source, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, declaration := range file.Decls {
			addNames(exported, declaration)
		}
	}
	named := regexp.MustCompile(`\brunner\.([A-Z]\w*)`).FindAllStringSubmatch(guide(t), -1)
	require.NotEmpty(t, named)
	for _, match := range named {
		assert.True(t, exported[match[1]], "the guide names runner.%s", match[1])
	}
}

// addNames adds the names of a package-level declaration.
func addNames(names map[string]bool, declaration ast.Decl) {
	switch declaration := declaration.(type) {
	case *ast.FuncDecl:
		if declaration.Recv == nil {
			names[declaration.Name.Name] = true
		}
	case *ast.GenDecl:
		for _, spec := range declaration.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				names[spec.Name.Name] = true
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					names[name.Name] = true
				}
			}
		}
	}
}

func TestTheGuidesLinksLead(t *testing.T) {
	text := guide(t)
	headings := map[string]bool{}
	for _, match := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		heading := strings.ReplaceAll(strings.ToLower(match[1]), " ", "-")
		headings[strings.ReplaceAll(heading, ",", "")] = true
	}
	for _, match := range regexp.MustCompile(`\]\(#([^)]*)\)`).FindAllStringSubmatch(text, -1) {
		assert.True(t, headings[match[1]], "there is no heading for #%s", match[1])
	}
	for _, match := range regexp.MustCompile("`((?:examples|runner)/[\\w./]+)`").FindAllStringSubmatch(text, -1) {
		_, err := os.Stat(filepath.Join("..", match[1]))
		assert.NoError(t, err)
	}
}

// guide is the text of the guides that show Go.
func guide(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	for _, page := range []string{"go.md", "states.md"} {
		content, err := os.ReadFile(page)
		require.NoError(t, err)
		text.Write(content)
	}
	return text.String()
}
