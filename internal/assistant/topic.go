package assistant

import (
	"regexp"
	"strings"

	"runstream/runner/runnertest/modelserver"
)

// topic is what a message asks for; empty where nobody can tell.
type topic string

const (
	weather  topic = "the weather"
	deletion topic = "deleting files"
	listing  topic = "files"
	story    topic = "a story"
	greeting topic = "hello"
	thanks   topic = "thanks"
)

// The first topic that matches counts: what asks for a deletion often names
// files too.
var topics = []struct {
	topic topic
	words *regexp.Regexp
}{
	{deletion, words(`delet\w*|remov\w*|eras\w*|clean\w*|tidy|trash|throw away|get rid of|rm`)},
	{weather, words(`weather|forecast\w*|temperature|rain\w*|sunny|snow\w*|wind\w*|umbrella`)},
	{listing, words(`files?|folders?|workspace|director(?:y|ies)|documents?|ls`)},
	{story, words(`story|stories|tale`)},
	{thanks, words(`thanks?|thank you|thx`)},
	{greeting, words(`hello|hi|hey|good (?:morning|evening|day)|help`)},
}

func words(alternatives string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)\b(?:` + alternatives + `)\b`)
}

func topicOf(question string) topic {
	for _, t := range topics {
		if t.words.MatchString(question) {
			return t.topic
		}
	}
	return ""
}

// specialist finds the handoff to somebody who knows the topic.
func specialist(tools []modelserver.Tool, t topic) (name string, ok bool) {
	knows := map[topic]string{weather: "weather", deletion: "files", listing: "files"}[t]
	if knows == "" {
		return "", false
	}
	for _, tool := range tools {
		about := strings.ToLower(tool.Name + " " + tool.Description)
		if tool.Type == "function" && strings.HasPrefix(tool.Name, "transfer_to_") && strings.Contains(about, knows) {
			return tool.Name, true
		}
	}
	return "", false
}
