import { breakFetch } from "./broken_fetch.js";
import "/web/dist/worker.js";

breakFetch(decodeURIComponent(location.search.slice(1)));
