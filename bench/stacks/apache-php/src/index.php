<?php echo "changed\n";
