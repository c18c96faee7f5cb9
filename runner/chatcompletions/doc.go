// Package chatcompletions speaks the Chat Completions API, which local and
// compatible servers have in common. It asks in the form of that API, and
// tells what comes back in events of the Responses API, as the Agents SDK for
// Python does. Ids that the API does not have are "__fake_id__" there, and
// items name the model and the response they came from in "provider_data".
package chatcompletions
