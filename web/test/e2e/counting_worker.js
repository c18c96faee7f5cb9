// The engine's worker, with everything counted that it leaves alive.
import "./counting.js";
import "/web/dist/worker.js";
