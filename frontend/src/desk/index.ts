/** The desk's own small programs. */
import { handInOnRefusal } from "./left-over";
import { hideUnanswered } from "./scale";
import { showTruthViewer } from "./truth";
import { keepTyped } from "./typed";
import { takeDeliveries } from "./upload";

handInOnRefusal();
hideUnanswered();
keepTyped();
takeDeliveries();
showTruthViewer();
