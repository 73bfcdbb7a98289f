// What is asked of the JavaScript of page, extension and their tests. That every name exists is for tsc to say.
import js from "@eslint/js";

const TEXT_ONLY = "Text goes in as text nodes only.";
const markup = ["innerHTML", "outerHTML", "insertAdjacentHTML", "setHTMLUnsafe"].map((property) => ({ property, message: TEXT_ONLY }));

export default [
  { ignores: ["**/node_modules/"] },
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "no-undef": "off",
      "array-callback-return": "error",
      eqeqeq: "error",
      "no-constructor-return": "error",
      "no-duplicate-imports": "error",
      "no-else-return": "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-lonely-if": "error",
      "no-new-func": "error",
      "no-restricted-properties": ["error", ...markup, { object: "document", property: "write", message: TEXT_ONLY }],
      "no-self-compare": "error",
      "no-shadow": "error",
      "no-throw-literal": "error",
      "no-unmodified-loop-condition": "error",
      "no-unused-vars": ["error", { ignoreRestSiblings: true }],
      "no-use-before-define": ["error", { functions: false, classes: false, variables: false }],
      "no-useless-rename": "error",
      "no-useless-return": "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      "prefer-template": "error",
    },
  },
  {
    files: ["extension/**/*.js"],
    ignores: ["extension/browser.js"],
    rules: { "no-restricted-globals": ["error", ...["chrome", "browser"].map((name) => ({ name, message: "Only browser.js touches it." }))] },
  },
];
