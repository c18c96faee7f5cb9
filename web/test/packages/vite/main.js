import { show } from "../app/page.js";

show(document.querySelector("output"));
