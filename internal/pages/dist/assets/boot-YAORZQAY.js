import{c as a}from"./chunk-KBRFY7MA.js";import"./chunk-F2MC5AWO.js";import"./chunk-B2QWSHAJ.js";export{a as reports};
