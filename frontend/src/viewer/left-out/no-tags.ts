/**
 * Stands in for Cornerstone's table of DICOM tags, which brings dcmjs with the whole dictionary: the
 * browser gets no DICOM files (`../images` tells Cornerstone what it asks of a frame).
 */
export const Tags = {};
export const mapModuleTags = new Map<string, unknown>();
export const mapTagInfo = new Map<string, unknown>();

export function addTag(): void {
  // There is no table to add to.
}

export function dictionaryLookup(): undefined {
  return undefined;
}

export function keywordIgnoringCase(): undefined {
  return undefined;
}

export function resolveHexFromKeyword(): undefined {
  return undefined;
}

export function createTagEntry(tag: string): { tag: string } {
  return { tag };
}

export function getTagCodeByName(): undefined {
  return undefined;
}

export function parseVm(): null {
  return null;
}

export const USRegionChild = {};
export const CLINICAL_TRIAL = "";
export const RadiopharmaceuticalInfoModule = {};
