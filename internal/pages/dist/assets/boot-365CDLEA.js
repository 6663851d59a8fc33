import{c as a}from"./chunk-TQAVMQPG.js";import"./chunk-TD6XIXNY.js";import"./chunk-B2QWSHAJ.js";export{a as reports};
