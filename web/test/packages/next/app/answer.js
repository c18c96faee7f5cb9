"use client";
import { useEffect, useState } from "react";
import { run } from "../../app/run.js";

export function Answer() {
  const [answer, setAnswer] = useState("");
  useEffect(() => {
    run(new URLSearchParams(location.search)).then(JSON.stringify, String).then(setAnswer);
  }, []);
  return <output>{answer}</output>;
}
