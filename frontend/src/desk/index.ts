/** The desk's own small programs. */
import { handInOnRefusal } from "./left-over";
import { showTruthViewer } from "./truth";
import { takeDeliveries } from "./upload";

handInOnRefusal();
takeDeliveries();
showTruthViewer();
