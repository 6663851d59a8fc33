import "./boot"; // first: reports must not leave for the vendor's host
import { render } from "preact";
import { App } from "./ui/app";

render(<App />, document.getElementById("app")!);
