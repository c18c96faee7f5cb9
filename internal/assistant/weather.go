package assistant

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"runstream/runner/runnertest"
)

const maxCities = 4

// forecast asks for the weather of every city at once, then tells it.
func (c *conversation) forecast() runnertest.Turn {
	reports := c.outputs("get_weather")
	if len(reports) > 0 {
		lines := make([]string, len(reports))
		for i, report := range reports {
			lines[i] = describeWeather(report)
		}
		return say(strings.Join(lines, " "))
	}
	cities := citiesIn(c.question)
	if len(cities) == 0 {
		return say("For which city? Ask me, for instance: what is the weather in Lima?")
	}
	calls := make([]runnertest.Output, len(cities))
	for i, city := range cities {
		calls[i] = c.call(i, "get_weather", map[string]string{"city": city})
	}
	return runnertest.Reply(calls...)
}

func describeWeather(report doneCall) string {
	city := report.argument("city")
	var found struct {
		Sky         string   `json:"sky"`
		Temperature *float64 `json:"temperature_c"`
	}
	if json.Unmarshal([]byte(report.output), &found) != nil || found.Temperature == nil {
		return fmt.Sprintf("I could not find out about %s: the weather tool did not give a report.", city)
	}
	return fmt.Sprintf("In %s it is %v °C with %s.%s", city, *found.Temperature, found.Sky, advice(found.Sky))
}

func advice(sky string) string {
	switch {
	case strings.Contains(sky, "rain"):
		return " Take an umbrella."
	case strings.Contains(sky, "snow"):
		return " Wear boots."
	case strings.Contains(sky, "sun"):
		return " Enjoy it."
	}
	return ""
}

var (
	place   = regexp.MustCompile(`(?i)\b(?:in|at|for|of)\s+(.+)`)
	between = regexp.MustCompile(`(?i)\s*(?:[,;&?]|\band\b|\bor\b)\s*`)
	noPlace = words(`the|a|an|is|it|was|will|what(?:'s|s)?|how(?:'s)?|does|do|i|need|today|tomorrow|tonight|now|please|right|` +
		`like|in|at|for|of|on|this|next|week|weekend|weather|forecast|temperature|rain|sunny|snow|wind|windy|umbrella|about|tell|me`)
	anyName = regexp.MustCompile(`\p{Lu}[\pL.'-]*(?: \p{Lu}[\pL.'-]*)*`)
)

// citiesIn finds what follows "in": "in Oslo and Lima, please". Where nothing
// does, it finds names: "Oslo weather".
func citiesIn(question string) []string {
	var candidates []string
	if match := place.FindStringSubmatch(question); match != nil {
		candidates = between.Split(match[1], -1)
	} else {
		candidates = anyName.FindAllString(noPlace.ReplaceAllString(question, ""), -1)
	}
	var cities []string
	for _, candidate := range candidates {
		city := strings.Join(strings.Fields(noPlace.ReplaceAllString(candidate, " ")), " ")
		city = strings.Trim(city, ` .?!:"'“”()`)
		if city != "" {
			cities = append(cities, city)
		}
	}
	cities = unique(cities)
	return cities[:min(len(cities), maxCities)]
}
