export default {
  testEnvironment: '<rootDir>/jest.environment.cjs',
  testMatch: ['<rootDir>/src/**/*.spec.{ts,tsx}', '<rootDir>/viewer/**/*.spec.{ts,tsx}'],
  transform: { '\\.[jt]sx?$': '<rootDir>/jest.transform.cjs' },
  // JupyterLab and what it builds on ship ES modules, which Jest reads only when transformed.
  transformIgnorePatterns: [
    'node_modules/(?!(@jupyter|@jupyterlab|@lumino|@microsoft|@rjsf|exenv-es6|lib0|nanoid|y-protocols|yjs)/)'
  ],
  moduleNameMapper: { '\\.(css|svg)$': '<rootDir>/jest.asset.cjs' }
};
