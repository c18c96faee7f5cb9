// The engine's worker, which ends on request.
import "/web/dist/worker.js";

new BroadcastChannel("mortal worker").onmessage = ({ data }) => {
  if (data === "close") self.close();
  else throw new Error("asked to throw");
};
