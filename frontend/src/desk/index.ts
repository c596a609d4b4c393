/** The desk's own small programs. */
import { showTruthViewer } from "./truth";
import { takeDeliveries } from "./upload";

takeDeliveries();
showTruthViewer();
