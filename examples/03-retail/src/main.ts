console.log('retail');
