/** The desk's own small programs. */
import { handInOnSignIn } from "./left-over";
import { showTruthViewer } from "./truth";
import { takeDeliveries } from "./upload";

handInOnSignIn();
takeDeliveries();
showTruthViewer();
