/** The desk's own small programs. */
import { handInOnRefusal } from "./left-over";
import { showTruthViewer } from "./truth";
import { keepTyped } from "./typed";
import { takeDeliveries } from "./upload";

handInOnRefusal();
keepTyped();
takeDeliveries();
showTruthViewer();
