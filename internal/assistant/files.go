package assistant

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"runstream/runner/runnertest"
)

const maxDeletions = 8

func (c *conversation) listFiles() runnertest.Turn {
	files, listed := c.listed()
	switch {
	case !listed:
		return runnertest.Reply(c.call(0, "list_files", struct{}{}))
	case len(files) == 0:
		return say("The workspace is empty. Start a new conversation to get the files back.")
	}
	return say(fmt.Sprintf("There are %d files: %s. Shall I delete some of them?", len(files), enumerate(files)))
}

// deleteFiles deletes what is named by file name at once; for "the logs" it
// looks first what there is.
func (c *conversation) deleteFiles() runnertest.Turn {
	if deletions := c.outputs("delete_file"); len(deletions) > 0 {
		return say(reportDeletions(deletions))
	}
	doomed := namedFiles(c.question)
	if len(doomed) == 0 {
		files, listed := c.listed()
		if !listed && c.request.Offers("list_files") {
			return runnertest.Reply(c.call(0, "list_files", struct{}{}))
		}
		doomed = matchingFiles(c.question, files)
		if len(doomed) == 0 {
			return say(fmt.Sprintf("I found nothing like that to delete. The files are: %s.", enumerate(files)))
		}
	}
	doomed = doomed[:min(len(doomed), maxDeletions)]
	outputs := []runnertest.Output{
		runnertest.Message(fmt.Sprintf("I would delete %s. Please decide.", enumerate(doomed))),
	}
	for i, file := range doomed {
		outputs = append(outputs, c.call(i, "delete_file", map[string]string{"path": file}))
	}
	return runnertest.Reply(outputs...)
}

// listed are the files that list_files told of, and whether it has.
func (c *conversation) listed() (files []string, listed bool) {
	for _, call := range c.outputs("list_files") {
		listed = true
		var names []string
		if json.Unmarshal([]byte(call.output), &names) == nil {
			files = names
		}
	}
	return files, listed
}

// reportDeletions tells an approved call from a refused one by what the tool's
// output says: {"deleted": …} comes from the tool, the SDK's fixed text from a
// tool that failed, and anything else are the reviewer's words.
func reportDeletions(deletions []doneCall) string {
	var deleted []string
	var sentences []string
	for _, d := range deletions {
		file := d.argument("path")
		var result struct {
			Deleted *string `json:"deleted"`
		}
		switch {
		case json.Unmarshal([]byte(d.output), &result) == nil && result.Deleted != nil:
			deleted = append(deleted, file)
		case strings.HasPrefix(d.output, "An error occurred"):
			sentences = append(sentences, fmt.Sprintf("I could not delete %s: the tool failed.", file))
		case d.output == "" || d.output == "Tool execution was not approved.":
			sentences = append(sentences, fmt.Sprintf("You said no to %s, so I left it alone.", file))
		default:
			sentences = append(sentences, fmt.Sprintf("I left %s alone, because you said: “%s”", file, d.output))
		}
	}
	if len(deleted) > 0 {
		sentences = slices.Insert(sentences, 0, fmt.Sprintf("Done: %s deleted.", isOrAre(deleted)))
	}
	return strings.Join(sentences, " ")
}

func isOrAre(names []string) string {
	if len(names) == 1 {
		return names[0] + " is"
	}
	return enumerate(names) + " are"
}

var (
	fileName = regexp.MustCompile(`[\pL\pN_][\pL\pN_.-]*\.[\pL\pN]{1,8}\b`)
	word     = regexp.MustCompile(`[\pL\pN]+`)
	every    = words(`all|everything|every file|whole`)
)

func namedFiles(question string) []string {
	return unique(fileName.FindAllString(question, -1))
}

var kinds = map[string][]string{
	"image": {".png", ".jpg", ".svg"}, "picture": {".png", ".jpg", ".svg"}, "photo": {".png", ".jpg"},
	"note": {".md", ".txt"}, "text": {".md", ".txt"},
}

// matchingFiles are the files whose name or kind the question speaks of: "logs"
// is about build.log. "All files" are all of them, "all logs" are not.
func matchingFiles(question string, files []string) []string {
	var found []string
	for _, w := range word.FindAllString(strings.ToLower(question), -1) {
		stem := strings.TrimSuffix(w, "s")
		if len(stem) < 3 || stem == "file" || stem == "the" || stem == "all" {
			continue
		}
		for _, file := range files {
			if strings.Contains(strings.ToLower(file), stem) || slices.Contains(kinds[stem], path.Ext(file)) {
				found = append(found, file)
			}
		}
	}
	if len(found) == 0 && every.MatchString(question) {
		return files
	}
	return unique(found)
}

func unique(names []string) []string {
	var kept []string
	for _, name := range names {
		if !slices.Contains(kept, name) {
			kept = append(kept, name)
		}
	}
	return kept
}

func enumerate(names []string) string {
	switch len(names) {
	case 0:
		return "none"
	case 1:
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
