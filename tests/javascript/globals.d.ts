// What browsers give to extensions, and what scripts in pages share.
// What the server puts before the service worker.
declare const SHELL: { version: string; files: string[] };
declare var chrome: any, browser: any, pictrace: any, pictraceShrink: any;
