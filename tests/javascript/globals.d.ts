// What browsers give to extensions, and what scripts in pages share.
declare var chrome: any, browser: any, pictrace: any, pictraceShrink: any;
