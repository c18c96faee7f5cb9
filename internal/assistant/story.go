package assistant

// theStory is long enough that a reader may want to stop it.
const theStory = `Once upon a time there was a browser tab that nobody had looked at for three weeks. It lived far to the right, ` +
	`past the recipes and the half-read articles, and it had grown used to the quiet.

One evening a cursor came by. “What do you do all day?” it asked. “I wait,” said the tab. “Somebody started an agent in me. ` +
	`It wanted to delete a file, and it was polite, so it asked first. Then the laptop lid came down.”

“And the file?” asked the cursor. “Still there,” said the tab, not without pride. “Nothing that needs a yes happens before ` +
	`the yes. I have kept the question all this time, word for word, through two restarts and a dead battery.”

The cursor thought about this. Then it clicked “Approve”. The tab woke up, the agent took its place as if it had only blinked, ` +
	`the file went away, and a last sentence appeared, one word after the other: “Thank you. That was all I needed.”

And the tab, for the first time in three weeks, was closed. It did not mind. It had finished what it was opened for, ` +
	`which is more than most of us can say of a Tuesday.`
