// Which files are pictures or archives, told by their names and beginnings as the server tells them.

/** Tried whatever they hold: who names a file so takes it for a picture. */
export const PICTURES = [
  ".jpg", ".jpeg", ".jpe", ".jfif", ".pjpeg", ".pjp", ".png", ".apng", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff",
  ".avif", ".svg", ".mpo", ".heic", ".heics", ".heif", ".heifs", ".hif", ".jp2", ".j2k", ".jxl", ".dng", ".cr2", ".cr3",
  ".nef", ".arw", ".raf", ".rw2", ".orf",
];
const HEAD_BYTES = 16;
const BEGINNINGS = ["\xff\xd8\xff", "\x89PNG", "GIF87a", "GIF89a", "II*\0", "MM\0*", "\xff\x0a", "\0\0\0\x0cJXL ", "\0\0\0\x0cjP  ", "\xff\x4f\xff\x51", "IIU\0", "IIRO", "IIRS", "FUJIFILMCCD-RAW"];
const BRANDS = ["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1", "avif", "avis", "crx "];
const PASSED_OVER = [".thm", ".lrv"]; // a camera's own thumbnails, which begin as pictures
const OF_A_SYSTEM = [
  "@eadir", "#recycle", "#snapshot", "@recycle", "$recycle.bin", "recycle.bin", "recycler", "system volume information",
  "__macosx", "lost+found", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r",
];

/** Whether a file or folder is a system's or a program's own: it is hidden, or thumbnails and the like. */
export function isOfSystem(name) {
  return name.startsWith(".") || OF_A_SYSTEM.includes(name.toLowerCase()) || name.startsWith("SYNOPHOTO_THUMB");
}

/** Whether a name has one of these endings. */
export function endsIn(name, endings) {
  return endings.some((ending) => name.toLowerCase().endsWith(ending));
}

/**
 * Whether a file that nobody has named, but a folder that it is in, is to be tried.
 * @param {File} file
 * @param {string[]} archives the endings of archives that the server reads
 */
export async function isTaken(file, archives) {
  if (endsIn(file.name, PASSED_OVER)) return false;
  return endsIn(file.name, PICTURES) || endsIn(file.name, archives) || beginsAsPicture(file);
}

async function beginsAsPicture(file) {
  const bytes = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  const head = String.fromCharCode(...bytes);
  if (BEGINNINGS.some((beginning) => head.startsWith(beginning))) return true;
  if (head.startsWith("RIFF")) return head.slice(8, 12) === "WEBP";
  if (head.startsWith("BM")) return bytes[14] === 40 || bytes[14] === 124; // the length of its second header
  return head.slice(4, 8) === "ftyp" && BRANDS.includes(head.slice(8, 12));
}
