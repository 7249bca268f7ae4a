const { TestEnvironment } = require('jest-environment-jsdom');

/** A browser's window, with Node's fetch, which jsdom lacks, and what JupyterLab's packages need to load. */
module.exports = class extends TestEnvironment {
  async setup() {
    await super.setup();
    Object.assign(this.global, { AbortController, AbortSignal, fetch, Headers, Request, Response });
    this.global.matchMedia ??= media => ({
      media,
      matches: false,
      addEventListener() {},
      removeEventListener() {}
    });
    this.global.DragEvent ??= class DragEvent extends this.global.MouseEvent {};
  }
};
