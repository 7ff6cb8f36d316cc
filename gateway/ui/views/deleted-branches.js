// @ts-check
export default () => null;
