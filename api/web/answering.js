// What an answer is shown with: not needed for the first look, so search.js takes it all together, a little later.
export { Asked } from "./asked.js";
export { besideAnswer } from "./compare.js";
export { Results } from "./results.js";
