import{c as a,d as b}from"./chunk-W53NIO7M.js";import"./chunk-27AJQZAY.js";import"./chunk-B2QWSHAJ.js";export{b as paths,a as reports};
