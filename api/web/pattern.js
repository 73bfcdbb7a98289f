// Titles by a pattern, as the server makes them; here only to show what it would make.

/**
 * @param {string} pattern
 * @param {{ name: string, title: string | null, taken_at?: string | null, created_at: string }[]} images
 */
export function exampleTitles(pattern, images) {
  return images.map((image, index) => {
    /** @type {Record<string, string>} */
    const values = {
      name: image.name.replace(/(?<=.)\.[\p{L}\p{N}_]{1,5}$/u, ""),
      title: image.title ?? "",
      number: String(index + 1),
      date: (image.taken_at ?? image.created_at).slice(0, 10),
    };
    return pattern.replace(/\{(name|title|number|date)\}/g, (_, word) => values[word]).trim();
  });
}
