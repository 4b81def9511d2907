// SPDX-License-Identifier: Apache-2.0
const cluster = require('cluster');
const { spawn } = require('child_process');

function show(end) {
    const value = process.env.DB_PASSWORD;
    console.log('ready');
    process.stdin.once('data', () => {
        console.log(value);
        end(7);
    });
    process.stdin.once('end', () => end(3));
}

if (process.argv[2] === 'cluster' && cluster.isPrimary) {
    cluster.setupPrimary({ stdio: 'inherit' });
    cluster.fork().on('exit', (code) => process.exit(code));
} else if (process.argv.length > 2 && process.argv[2] !== 'cluster') {
    spawn(process.argv[2], process.argv.slice(3), { stdio: 'inherit' }).on('exit', (code) => process.exit(code));
} else {
    show((code) => process.exit(code));
}
