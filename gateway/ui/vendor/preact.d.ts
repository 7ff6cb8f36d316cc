export type VNode = any;
export function h(type: any, props: any, ...children: any[]): VNode;
export function render(vnode: VNode, parent: Element): void;
export const Fragment: any;
export function createRef<T = any>(): { current: T | null };
