import{c as a}from"./chunk-AOB6VIWP.js";import"./chunk-U4PRTZXQ.js";export{a as reports};
