/** The desk's own small programs. */
import { takeDeliveries } from "./upload";

takeDeliveries();
