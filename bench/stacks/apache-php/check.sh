serves localhost:18102 '^php 8'
echo '<?php echo "changed\n";' > src/index.php
serves localhost:18102 changed
