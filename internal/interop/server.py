"""Plays a case's model server in memory: nothing is sent anywhere."""

import json

import httpx2


class ModelServer:
    """Answers requests with the case's replies, in order, and notes what it was asked."""

    def __init__(self, replies):
        self._replies = list(replies)
        self.requests = []

    def client(self):
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self._answer))

    def _answer(self, request):
        body = json.loads(request.content)
        self.requests.append({"path": request.url.path.removeprefix("/v1"), "body": body})
        if not self._replies:
            error = {"message": "script exhausted", "type": "server_error"}
            return httpx2.Response(500, json={"error": error}, headers={"x-should-retry": "false"})
        reply = self._replies.pop(0)
        if "json" in reply:
            return httpx2.Response(reply.get("status", 200), json=reply["json"], headers=reply.get("headers"))
        if not body.get("stream"):
            return httpx2.Response(200, json=reply["events"][-1]["response"])
        return httpx2.Response(200, text=_event_stream(reply), headers={"content-type": "text/event-stream"})


def _event_stream(reply):
    blocks = []
    for event in reply["events"]:
        is_chunk = "object" in event  # of Chat Completions, which does not name its events
        name = "" if is_chunk or "type" not in event else f"event: {event['type']}\n"
        blocks.append(f"{name}data: {json.dumps(event, ensure_ascii=False)}\n\n")
    if reply.get("done"):
        blocks.append("data: [DONE]\n\n")
    return "".join(blocks)
