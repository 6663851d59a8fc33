import{c as a,d as b}from"./chunk-5GXT6L36.js";import"./chunk-EJAE2HFH.js";import"./chunk-B2QWSHAJ.js";export{b as paths,a as reports};
