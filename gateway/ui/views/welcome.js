// @ts-check
export const Welcome = () => null;
