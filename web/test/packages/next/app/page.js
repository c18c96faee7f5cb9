import { version } from "runstream";
import { Answer } from "./answer";

export default function Page() {
  return (
    <>
      <p>{`imported on the server: ${version}`}</p>
      <Answer />
    </>
  );
}
