/** The desk's pages: styles, htmx for parts of pages, and the desk's own small programs. */
import "../styles/desk.scss";
import "htmx.org";

import "../desk";
import { followFlow } from "../flow/flow";

followFlow();
