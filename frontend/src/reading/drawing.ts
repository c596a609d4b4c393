/** What draws lesions, by hand and from the picture: one part, loaded when it is first needed. */
export { drawFromImage, setThreshold } from "./growing";
export { dab, kept } from "./painting";
