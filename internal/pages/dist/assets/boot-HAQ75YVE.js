import{c as a}from"./chunk-TQAVMQPG.js";import"./chunk-TD6XIXNY.js";import"./chunk-U4PRTZXQ.js";export{a as reports};
