/**
 * Stands in for Cornerstone's look at the graphics, which made two WebGL contexts and some test
 * pictures before the first real one. The room has looked already (`rendererName`): without WebGL 2
 * no stage is opened. What textures can hold matters to volumes, and is tried when one first asks.
 */
import { getSupportedTextureFormats } from "@cornerstonejs/core/utilities/textureSupport";

const NONE = {
  norm16: false,
  norm16Linear: false,
  float: false,
  floatLinear: false,
  halfFloat: false,
  halfFloatLinear: false,
};
type Formats = typeof NONE;

export const RENDERING_CAPABILITIES_PROBE_VERSION = 1;

class Capabilities {
  readonly webgl = true;
  readonly webgl2 = true;
  readonly maxTextureSize = 0;
  readonly renderer = "";
  readonly softwareRasterizer = false;
  private tried: Formats | null = null;

  get float(): boolean {
    return this.formats.float;
  }
  get floatLinear(): boolean {
    return this.formats.floatLinear;
  }
  get halfFloat(): boolean {
    return this.formats.halfFloat;
  }
  get halfFloatLinear(): boolean {
    return this.formats.halfFloatLinear;
  }
  get norm16(): boolean {
    return this.formats.norm16;
  }
  get norm16Linear(): boolean {
    return this.formats.norm16Linear;
  }

  private get formats(): Formats {
    this.tried ??= getSupportedTextureFormats() ?? NONE;
    return this.tried;
  }
}

let here: Capabilities | null = null;

export function detectRenderingCapabilities(): Capabilities {
  return new Capabilities();
}

export function getRenderingCapabilities(): Capabilities {
  here ??= detectRenderingCapabilities();
  return here;
}

export function resetRenderingCapabilities(): void {
  here = null;
}
