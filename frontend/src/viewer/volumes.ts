/**
 * What Cornerstone paints rebuilt planes with. It comes with the first of them: a slice as it was
 * acquired needs none of it.
 */
import { Enums, VolumeViewport } from "@cornerstonejs/core";
import vtkOpenGLVolume from "@kitware/vtk.js/Rendering/OpenGL/Volume";
import vtkSharedVolumeNode from "cornerstone-classes/vtkStreamingOpenGLVolumeMapper";
import { registerOverride } from "cornerstone-classes/vtkStreamingOpenGLViewNodeFactory";

import { registerViewportType } from "./left-out/viewports";

registerOverride("vtkVolume", vtkOpenGLVolume.newInstance);
registerOverride("vtkSharedVolumeMapper", vtkSharedVolumeNode.newInstance);
registerViewportType({ type: Enums.ViewportType.ORTHOGRAPHIC, ViewportClass: VolumeViewport });
